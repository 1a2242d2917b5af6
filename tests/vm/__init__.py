"""Throw-away virtual machines with Debian's kernel, in which the kernel tier runs."""
