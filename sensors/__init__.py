"""What the outside did, and what is due: sensors look every few seconds and start a job when there is work."""
