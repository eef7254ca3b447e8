"""What the service knows and decides: functions over a session, no HTTP in them."""
