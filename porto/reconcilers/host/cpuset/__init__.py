"""CPU sets: who may use which CPUs, solved for the whole host and kept true."""
