"""Services as they answer at a simulated time, with scripted faults, and a month of asking them."""
