package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	// pipeDelay bounds the wait for the rest of a dead server's log.
	pipeDelay = 2 * time.Second
	// formerTimeout bounds the wait for a former server that is shutting down.
	formerTimeout = 30 * time.Second
	// formerPoll is the pause between two looks at it.
	formerPoll = 50 * time.Millisecond
)

// process is a child that gets a signal when its parent dies.
type process struct {
	cmd  *exec.Cmd
	log  *serverLog
	done chan struct{} // closed when the child has ended; err may be read then
	err  error
}

// startProcess starts cmd. When this process dies, even of SIGKILL, the kernel sends the child SIGINT,
// which is PostgreSQL's fast shutdown.
func startProcess(cmd *exec.Cmd, logger *slog.Logger) (*process, error) {
	p := &process{cmd: cmd, log: &serverLog{logger: logger}, done: make(chan struct{})}
	cmd.Stdout, cmd.Stderr, cmd.WaitDelay = p.log, p.log, pipeDelay
	cmd.SysProcAttr.Pdeathsig = syscall.SIGINT
	cmd.SysProcAttr.Setsid = true // a Ctrl-C in the terminal is for the parent, which then stops in order
	started := make(chan error)
	go p.run(started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("run %s: %w", cmd.Path, err)
	}
	return p, nil
}

// run holds on to its thread until the child has ended: the kernel sends the parent-death signal when the
// thread that forked goes, and Go ends threads as it likes.
func (p *process) run(started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := p.cmd.Start()
	started <- err
	if err != nil {
		return
	}
	p.err = p.cmd.Wait()
	close(p.done)
}

// stop takes the steps of stopSteps until the child has ended. The error says that the first was not enough.
func (p *process) stop() error {
	for i, step := range stopSteps {
		if err := p.cmd.Process.Signal(step.signal); err != nil && !errors.Is(err, os.ErrProcessDone) {
			return fmt.Errorf("stop PostgreSQL: %w", err)
		}
		select {
		case <-p.done:
			if i > 0 {
				return fmt.Errorf("stop PostgreSQL: it took %s: it said:\n%s", step.signal, p.log)
			}
			return nil
		case <-time.After(step.patience):
		}
	}
	return fmt.Errorf("stop PostgreSQL: process %d outlived SIGKILL", p.cmd.Process.Pid)
}

// awaitFormer waits until no server runs on the cluster, and removes the pid file that a crashed one left.
// The folder's lock is ours, so such a server is an orphan: its parent was killed, and it is stopping.
func awaitFormer(ctx context.Context, cluster string) error {
	pidFile := filepath.Join(cluster, "postmaster.pid")
	deadline := time.Now().Add(formerTimeout)
	for {
		pid, err := formerPID(pidFile)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("look for a former server: %w", err)
		}
		if !runsIn(pid, cluster) {
			return os.Remove(pidFile) // or PostgreSQL mistakes whoever has the number now for a server
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("process %d, a former server of %s, does not stop: end it with `kill -QUIT %d`", pid, cluster, pid)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for process %d, a former server of %s: %w", pid, cluster, ctx.Err())
		case <-time.After(formerPoll):
		}
	}
}

// formerPID reads the first line of PostgreSQL's pid file; 0 stands for one that holds no number.
func formerPID(pidFile string) (int, error) {
	written, err := os.ReadFile(pidFile)
	if err != nil {
		return 0, err
	}
	line, _, _ := strings.Cut(string(written), "\n")
	pid, err := strconv.Atoi(strings.TrimSpace(line))
	if err != nil {
		return 0, nil
	}
	return pid, nil
}

// runsIn reports whether the process lives with the cluster as its working folder, as every PostgreSQL
// server does. The number alone proves nothing: after a restart it may be another process's.
func runsIn(pid int, cluster string) bool {
	working, err := os.Stat(filepath.Join("/proc", strconv.Itoa(pid), "cwd"))
	if err != nil {
		return false
	}
	wanted, err := os.Stat(cluster)
	return err == nil && os.SameFile(working, wanted)
}
