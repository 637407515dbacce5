"""What is spent on paid services, day by day."""
