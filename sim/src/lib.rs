//! A pretend cluster: the shipped proxy, unmodified, under any fault that a seed can draw.
