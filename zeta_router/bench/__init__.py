"""The bench: policies played against each other in virtual time, on a simulated fleet. Every figure is simulated."""
