//! A GitHub stand-in: serves generated pages, and every failure on demand.
