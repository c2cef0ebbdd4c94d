//! Conformance suite, model, fault tools and fixtures of Windlass.
