package metrics

import "github.com/prometheus/client_golang/prometheus"

// Register adds collectors to what the handler serves, such as a [Lag]. It
// panics when one has a name that is taken.
func (m *Metrics) Register(more ...prometheus.Collector) { m.registry.MustRegister(more...) }
