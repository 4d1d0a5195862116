package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"net"
	"net/textproto"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// caller speaks HTTP over one connection of its own, with as little work as that
// takes: the load runs on the same two cores as what it measures.
type caller struct {
	conn  net.Conn
	in    *bufio.Reader
	token string
}

func dial(b *testing.B, address, token string) *caller {
	conn, err := net.Dial("tcp", strings.TrimPrefix(address, "http://"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { conn.Close() })
	return &caller{conn, bufio.NewReaderSize(conn, 64<<10), token}
}

// call sends a request and returns the status and the body of its answer.
func (c *caller) call(method, path, media string, body []byte) (int, []byte, error) {
	head := fmt.Appendf(nil, "%s %s HTTP/1.1\r\nHost: outturn\r\nAuthorization: Bearer %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n",
		method, path, c.token, media, len(body))
	if _, err := c.conn.Write(append(head, body...)); err != nil {
		return 0, nil, err
	}
	reader := textproto.NewReader(c.in)
	line, err := reader.ReadLine()
	if err != nil {
		return 0, nil, err
	}
	status, err := strconv.Atoi(strings.Fields(line)[1])
	if err != nil {
		return 0, nil, err
	}
	length, chunked := 0, false
	for {
		line, err := reader.ReadLine()
		if err != nil || line == "" {
			if err != nil {
				return 0, nil, err
			}
			break
		}
		name, value, _ := strings.Cut(line, ": ")
		switch strings.ToLower(name) {
		case "content-length":
			length, _ = strconv.Atoi(value)
		case "transfer-encoding":
			chunked = true
		}
	}
	if chunked {
		answer, err := c.chunks(reader)
		return status, answer, err
	}
	answer := make([]byte, length)
	_, err = io.ReadFull(c.in, answer)
	return status, answer, err
}

func (c *caller) chunks(reader *textproto.Reader) ([]byte, error) {
	var all bytes.Buffer
	for {
		line, err := reader.ReadLine()
		if err != nil {
			return nil, err
		}
		size, err := strconv.ParseInt(line, 16, 64)
		if err != nil {
			return nil, err
		}
		if _, err := io.CopyN(&all, c.in, size); err != nil {
			return nil, err
		}
		if _, err := reader.ReadLine(); err != nil || size == 0 {
			return all.Bytes(), err
		}
	}
}

// took is how long each of many calls took.
type took []time.Duration

func (t took) at(percent int) time.Duration {
	slices.Sort(t)
	return t[min(len(t)-1, len(t)*percent/100)]
}

// spread runs calls over clients until each has done its share or the time is
// up, and returns how long each call took and how long it all took.
func spread(clients int, limit time.Duration, call func(client, i int)) (took, time.Duration) {
	began := time.Now()
	all := make([]took, clients)
	var group sync.WaitGroup
	for client := range clients {
		group.Go(func() {
			for i := 0; time.Since(began) < limit; i++ {
				start := time.Now()
				call(client, i)
				all[client] = append(all[client], time.Since(start))
			}
		})
	}
	group.Wait()
	return slices.Concat(all...), time.Since(began)
}

// perSecond is a rate.
func perSecond(n int, in time.Duration) float64 { return float64(n) / in.Seconds() }

// floor is a stream beside the log, on the same server, that the same messages
// are published to without any program of ours between.
type floor struct {
	conns  []*nats.Conn
	js     []jetstream.JetStream
	serial atomic.Int64
}

// floorConns is how many connections the publishers share.
const floorConns = 8

func openFloor(b *testing.B, url string) *floor {
	f := &floor{}
	for range floorConns {
		conn, err := nats.Connect(url)
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(conn.Close)
		js, err := jetstream.New(conn)
		if err != nil {
			b.Fatal(err)
		}
		f.conns, f.js = append(f.conns, conn), append(f.js, js)
	}
	_, err := f.js[0].CreateOrUpdateStream(b.Context(), jetstream.StreamConfig{Name: "FLOOR", Subjects: []string{"floor.>"}, AllowAtomicPublish: true})
	if err != nil {
		b.Fatal(err)
	}
	return f
}

// publish publishes one message and waits until it is synced.
func (f *floor) publish(b *testing.B, client int, body []byte) {
	if _, err := f.js[client%floorConns].Publish(b.Context(), fmt.Sprintf("floor.%d", client), body); err != nil {
		b.Error(err)
	}
}

// batch publishes messages as one atomic batch.
func (f *floor) batch(b *testing.B, client int, bodies [][]byte) {
	conn, id := f.conns[client%floorConns], uuid.NewString()
	for i, body := range bodies {
		m := nats.NewMsg(fmt.Sprintf("floor.%d", client))
		m.Data = body
		m.Header.Set("Nats-Batch-Id", id)
		m.Header.Set("Nats-Batch-Sequence", strconv.Itoa(i+1))
		if i < len(bodies)-1 {
			if err := conn.PublishMsg(m); err != nil {
				b.Error(err)
			}
			continue
		}
		m.Header.Set("Nats-Batch-Commit", "1")
		answer, err := conn.RequestMsgWithContext(b.Context(), m)
		if err != nil || bytes.Contains(answer.Data, []byte(`"error"`)) {
			b.Errorf("floor batch: %v %s", err, answer.Data)
		}
	}
}
