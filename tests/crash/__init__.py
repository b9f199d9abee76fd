"""Every step at which a process can die, freeze or be raced by another, times everything a gateway can do to it."""
