package local_test

import (
	"bufio"
	"context"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/outturn/outturn/deploy/local"
)

// childVariable makes the test binary start PostgreSQL on the folder it names and then hang: it is the
// parent that a test kills.
const childVariable = "OUTTURN_TEST_POSTGRES_DIR"

// patience bounds all waiting in these tests.
const patience = 30 * time.Second

func TestMain(m *testing.M) {
	if dir := os.Getenv(childVariable); dir != "" {
		hostPostgres(dir)
	}
	goleak.VerifyTestMain(m)
}

// hostPostgres prints one line, the connection string or the error, and waits to be killed.
func hostPostgres(dir string) {
	p, err := local.StartPostgres(context.Background(), local.PostgresOptions{Dir: dir, Logger: quiet()})
	if err != nil {
		fmt.Println(strings.ReplaceAll(err.Error(), "\n", " "))
		os.Exit(1)
	}
	fmt.Println(p.DSN(local.DatabaseName))
	<-p.Done()
	os.Exit(1)
}

// startChild runs this binary as such a parent and returns the line that it prints.
func startChild(t *testing.T, dir string, environment ...string) (*exec.Cmd, string) {
	t.Helper()
	child := exec.Command(os.Args[0])
	child.Env = append(append(os.Environ(), childVariable+"="+dir), environment...)
	output, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = child.Process.Kill(); _ = child.Wait() })
	line, err := bufio.NewReader(output).ReadString('\n')
	if err != nil {
		t.Fatalf("the child printed no line: %v", err)
	}
	return child, strings.TrimSpace(line)
}

// openDir makes a folder that every user may enter, as t.TempDir's may not.
func openDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "outturn-local-")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// eventually polls until the condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !holds(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("after %s it is still not so that %s", patience, what)
		}
	}
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }
