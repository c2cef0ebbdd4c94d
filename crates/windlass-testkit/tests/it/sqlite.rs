windlass_testkit::conformance!(sqlite);
