// Package auth knows who is asking: bearer tokens for programs and sessions for
// people at a browser.
//
// A [Keyring] holds the SHA-256 of each token and compares in constant time. A
// [Sessions] turns a token into a cookie with a random id; it lives in memory,
// so a restart signs everybody out. [Bearer] and [Pages] are the middlewares;
// behind them [Actor] tells who it is.
package auth
