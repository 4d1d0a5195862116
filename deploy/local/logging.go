package local

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
)

func orDefault(logger *slog.Logger) *slog.Logger {
	if logger == nil {
		return slog.Default()
	}
	return logger
}

// natsLog hands the server's warnings and errors to slog and drops its chatter.
type natsLog struct {
	logger *slog.Logger
	fatal  chan string // the first reason why the server cannot start
}

func (natsLog) Noticef(string, ...any) {}
func (natsLog) Debugf(string, ...any)  {}
func (natsLog) Tracef(string, ...any)  {}

// aboutPasswords begins a warning against passwords in configuration files. Ours is random, lives in
// memory and one start long.
const aboutPasswords = "Plaintext passwords detected"

func (l natsLog) Warnf(format string, args ...any) {
	if strings.HasPrefix(format, aboutPasswords) {
		return
	}
	l.logger.Warn("nats", "message", fmt.Sprintf(format, args...))
}

func (l natsLog) Errorf(format string, args ...any) {
	l.logger.Error("nats", "message", fmt.Sprintf(format, args...))
}

// Fatalf does not end the process, as the server's own logger would: StartNATS returns the reason.
func (l natsLog) Fatalf(format string, args ...any) {
	select {
	case l.fatal <- fmt.Sprintf(format, args...):
	default:
		l.Errorf(format, args...)
	}
}

// tailLines is how many of PostgreSQL's last lines an error shows.
const tailLines = 12

// maxLine bounds a line of PostgreSQL's log, in bytes; a longer one is cut into pieces.
const maxLine = 8 << 10

// serverLog takes what PostgreSQL prints, hands it to slog line by line and remembers the last lines.
type serverLog struct {
	logger *slog.Logger

	mu   sync.Mutex
	rest []byte // the beginning of a line that has not ended yet
	tail []string
}

// Write implements io.Writer.
func (l *serverLog) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rest = append(l.rest, p...)
	for {
		end := bytes.IndexByte(l.rest, '\n')
		if end < 0 && len(l.rest) < maxLine {
			return len(p), nil
		}
		if end < 0 {
			end = maxLine - 1
		}
		l.line(strings.TrimRight(string(l.rest[:end+1]), "\r\n"))
		l.rest = slices.Clone(l.rest[end+1:])
	}
}

func (l *serverLog) line(line string) {
	if line == "" {
		return
	}
	l.logger.Log(context.Background(), severity(line), "postgres", "message", line)
	l.tail = append(l.tail, line)
	if len(l.tail) > tailLines {
		l.tail = l.tail[1:]
	}
}

// severity maps PostgreSQL's to slog's. A statement's ERROR is debug: its client has been told.
func severity(line string) slog.Level {
	switch {
	case strings.HasPrefix(line, "PANIC:"):
		return slog.LevelError
	case strings.HasPrefix(line, "WARNING:"), strings.HasPrefix(line, "FATAL:"):
		return slog.LevelWarn
	default:
		return slog.LevelDebug
	}
}

// String returns the last lines.
func (l *serverLog) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(append(slices.Clone(l.tail), string(l.rest)), "\n")
}
