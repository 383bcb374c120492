//! The tracker on one machine: the Spin component in an embedded host.
