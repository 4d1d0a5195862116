// Package browser drives a real headless Chromium in tests of pages.
//
//	b := browser.Start(t)
//	tab := b.Tab(t, browser.Look{Width: 1400, Height: 1000, Language: "zh-CN"})
//	tab.Open(server.URL + "/")
//	tab.Click("table a")                 // and wait for the next page
//	tab.CheckAccessible()                // axe-core finds nothing
//	tab.Screenshot("overview-zh-light")  // into the artifacts folder
//
// Each tab has a browser context of its own: its cookies and storage are its
// own. What is missing on the machine fails the test with the one command that
// installs it; nothing is skipped.
package browser
