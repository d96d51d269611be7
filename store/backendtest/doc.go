// SPDX-License-Identifier: Apache-2.0

// Package backendtest opens real databases for the tests of domains, so that what is promised over one backend is tried over
// each: SQLite in a temporary directory, and PostgreSQL in a schema of its own of the database that KOOGATE_TEST_POSTGRES
// names. The conformance of the backends themselves is store/storetest.
package backendtest
