"""What follows from the contracts and is checked in: schemas, AsyncAPI, NATS permissions."""
