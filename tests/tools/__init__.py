"""What make calls: checks, generators and the steps with a log each."""
