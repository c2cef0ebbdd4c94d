windlass_testkit::conformance!(postgres);
