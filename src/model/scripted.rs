//! A scripted fake model, for tests and the in-process client.
