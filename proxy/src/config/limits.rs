//! Every bound of the process, in one place.
