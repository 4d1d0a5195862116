package notify

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"syscall"
)

// ErrAddress is in the chain of the error of a webhook whose name resolves to an
// address that may not be called.
var ErrAddress = errors.New("the address may not be called; allow_networks in the settings names what is not public and yet may")

// reserved are the networks that are neither public nor told by netip: those that
// reach back into this machine's surroundings in one way or another (RFC 6890 and
// its registry).
var reserved = []netip.Prefix{
	netip.MustParsePrefix("0.0.0.0/8"), netip.MustParsePrefix("100.64.0.0/10"), netip.MustParsePrefix("192.0.0.0/24"),
	netip.MustParsePrefix("192.0.2.0/24"), netip.MustParsePrefix("192.88.99.0/24"), netip.MustParsePrefix("198.18.0.0/15"),
	netip.MustParsePrefix("198.51.100.0/24"), netip.MustParsePrefix("203.0.113.0/24"), netip.MustParsePrefix("240.0.0.0/4"),
	netip.MustParsePrefix("64:ff9b::/96"), netip.MustParsePrefix("64:ff9b:1::/48"), netip.MustParsePrefix("100::/64"),
	netip.MustParsePrefix("2001::/23"), netip.MustParsePrefix("2001:db8::/32"), netip.MustParsePrefix("2002::/16"), netip.MustParsePrefix("5f00::/16"),
}

// gate lets connections through to addresses that may be called.
type gate struct {
	allowed []netip.Prefix
	plain   bool // without TLS: only to what is allowed
}

// judge says whether an address may be called.
func (g gate) judge(ip netip.Addr) error {
	ip = ip.Unmap().WithZone("")
	in := func(networks []netip.Prefix) bool {
		return slices.ContainsFunc(networks, func(n netip.Prefix) bool { return n.Contains(ip) })
	}
	public := ip.IsGlobalUnicast() && !ip.IsPrivate() && !in(reserved)
	if in(g.allowed) || public && !g.plain {
		return nil
	}
	return fmt.Errorf("%s: %w", ip, ErrAddress)
}

// dial connects as net.Dialer does, and judges the very address that it connects
// to: a name that resolves otherwise a moment later gets nowhere.
func (g gate) dial(ctx context.Context, network, address string) (net.Conn, error) {
	dialer := net.Dialer{
		Control: func(_, address string, _ syscall.RawConn) error {
			at, err := netip.ParseAddrPort(address)
			if err != nil {
				return err
			}
			return g.judge(at.Addr())
		},
	}
	return dialer.DialContext(ctx, network, address)
}
