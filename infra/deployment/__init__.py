"""What a deployment is given before its services start: certificates, and to each its own keys."""
