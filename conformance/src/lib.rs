//! Holds Weir, or any proxy at an address, against what Go was recorded doing.
