package notify

import "net/netip"

// Judge says whether a webhook may go to an address.
func Judge(ip string, plain bool, allowed ...netip.Prefix) error {
	return gate{allowed: allowed, plain: plain}.judge(netip.MustParseAddr(ip))
}

// Pause is how long is waited after so many failed attempts.
var Pause = pause
