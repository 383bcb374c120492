//! One pass over an organisation's packages.
