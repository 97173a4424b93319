"""Measurements that anyone can repeat: `script/bench`."""
