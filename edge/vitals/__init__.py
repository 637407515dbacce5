"""How the machine is: temperatures, power, memory, disk, clock. Read from files alone."""
