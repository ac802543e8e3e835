"""What people write, understood: interests, schedules, addresses. The same in every place."""
