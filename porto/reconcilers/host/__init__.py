"""What is the host's and not one object's."""
