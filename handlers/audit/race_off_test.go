//go:build !race

package audit_test

// slowdown is one: nothing slows the audit down.
const slowdown = 1
