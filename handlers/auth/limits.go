package auth

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"github.com/outturn/outturn/events"
)

// Rate is how often something may be done: Count times each Per on the average,
// and Burst times at once after a rest.
type Rate struct {
	Count int
	Per   time.Duration
	Burst int
}

// The default rates: of sign-ins from one address, and of a user's requests to the
// API.
var (
	SignInRate  = Rate{Count: 10, Per: time.Minute, Burst: 10}
	RequestRate = Rate{Count: 1000, Per: time.Second, Burst: 2000}
)

// MaxLimited is how many names a Limits remembers: the last so many for certain,
// and never twice as many. Who was forgotten begins anew.
const MaxLimited = 10_000

// Limits bounds how often each of many, by name, may do something. It is safe for
// concurrent use.
type Limits struct {
	rate Rate
	now  func() time.Time

	mu sync.Mutex
	// Those seen lately, and those seen before them. When there are MaxLimited young
	// ones they become the old ones: that bounds both without a search.
	young, old map[string]*rate.Limiter
}

// NewLimits makes limits of one rate for everybody.
func NewLimits(r Rate, now func() time.Time) *Limits {
	return &Limits{rate: r, now: now, young: make(map[string]*rate.Limiter)}
}

// Take says how long somebody has to wait before doing it, and counts it as done
// if that is not at all.
func (l *Limits) Take(name string) (wait time.Duration) {
	now := l.now()
	reserved := l.of(name).ReserveN(now, 1)
	if wait = reserved.DelayFrom(now); wait > 0 {
		reserved.CancelAt(now)
	}
	return wait
}

func (l *Limits) of(name string) *rate.Limiter {
	l.mu.Lock()
	defer l.mu.Unlock()
	if limiter, ok := l.young[name]; ok {
		return limiter
	}
	if len(l.young) >= MaxLimited {
		l.young, l.old = make(map[string]*rate.Limiter), l.young
	}
	limiter, ok := l.old[name]
	if !ok {
		limiter = rate.NewLimiter(rate.Every(l.rate.Per/time.Duration(l.rate.Count)), l.rate.Burst)
	}
	l.young[name] = limiter
	return limiter
}

// Limit bounds how often a user may ask. The operator's own tokens are not
// bounded. It stands behind what says who asks.
func Limit(limits *Limits, refuse Refuse, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		by := Principal(r.Context())
		if !by.Root {
			if wait := limits.Take(by.Name); wait > 0 {
				refuse(w, r, tooSoon(w, ReasonRequestLimit, wait))
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// Attempt counts an attempt to sign in from an address, and refuses it if there
// were too many of late.
func (s *Sessions) Attempt(w http.ResponseWriter, r *http.Request) *events.Refusal {
	if wait := s.config.Attempts.Take(s.config.Address(r)); wait > 0 {
		return tooSoon(w, ReasonSignInLimit, wait)
	}
	return nil
}

// AddressBehind tells the address that a request comes from. What trusted proxies
// say in X-Forwarded-For is believed, and what anybody else says is not. Of an
// IPv6 address the network counts, because a machine has as many addresses there as
// it likes.
func AddressBehind(proxies []netip.Prefix) func(*http.Request) string {
	trusted := func(address netip.Addr) bool {
		for _, proxy := range proxies {
			if proxy.Contains(address) {
				return true
			}
		}
		return false
	}
	return func(r *http.Request) string {
		host, _, err := net.SplitHostPort(r.RemoteAddr)
		if err != nil {
			return r.RemoteAddr
		}
		address, err := netip.ParseAddr(host)
		hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
		for i := len(hops) - 1; i >= 0 && err == nil && trusted(address.Unmap()); i-- {
			hop, problem := netip.ParseAddr(strings.TrimSpace(hops[i]))
			if problem != nil {
				break
			}
			address = hop
		}
		return network(address)
	}
}

// networkBits is how much of an IPv6 address names the network (RFC 4291, section
// 2.5.1).
const networkBits = 64

func network(address netip.Addr) string {
	address = address.Unmap().WithZone("")
	if address.Is6() {
		if prefix, err := address.Prefix(networkBits); err == nil {
			return prefix.String()
		}
	}
	return address.String()
}
