//! What the tests share: a database per test and the running product.
