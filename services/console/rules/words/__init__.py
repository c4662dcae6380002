"""What facts say, as sentences for people: the same in a terminal and in a browser."""
