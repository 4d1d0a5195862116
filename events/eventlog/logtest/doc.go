// Package logtest is the definition of what a log promises, as tests. Every
// implementation of eventlog.Log passes them:
//
//	func TestMemory(t *testing.T) {
//		logtest.Run(t, func(testing.TB) logtest.Store { return store{eventlog.NewMemory()} })
//	}
package logtest
