package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// asProgram makes the test binary behave as outturn itself.
const asProgram = "OUTTURN_TEST_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		os.Exit(run())
	}
	testscript.Main(m, map[string]func(){"outturn": func() { os.Exit(run()) }})
}

func TestScripts(t *testing.T) {
	t.Parallel()
	repository, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{Dir: "testdata/scripts", Setup: func(env *testscript.Env) error {
		env.Setenv("REPOSITORY", repository)
		return nil
	}})
}

// program is a running outturn.
type program struct {
	t       *testing.T
	cmd     *exec.Cmd
	errs    *bytes.Buffer
	Address string `json:"address"`
	Token   string `json:"token"`
}

// startupTimeout bounds how long a server may take to say that it is ready,
// with a database made anew on a busy machine.
const startupTimeout = 2 * time.Minute

// startDev starts "outturn dev" on a data folder and waits until it is ready.
func startDev(t *testing.T, data string, args ...string) *program {
	t.Helper()
	return start(t, nil, append([]string{"dev", "--data", data, "--listen", "127.0.0.1:0", "--json"}, args...)...)
}

func start(t *testing.T, env []string, args ...string) *program {
	t.Helper()
	p := &program{t: t, cmd: exec.Command(os.Args[0], args...), errs: &bytes.Buffer{}}
	p.cmd.Env = append(append(os.Environ(), asProgram+"=1"), env...)
	p.cmd.Stderr = p.errs
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	ready := make(chan error, 1)
	go func() {
		line, err := bufio.NewReader(out).ReadBytes('\n')
		if err == nil {
			err = json.Unmarshal(line, p)
		}
		ready <- err
	}()
	select {
	case err := <-ready:
		if err != nil {
			p.kill()
			t.Fatalf("outturn %s did not get ready: %v\n%s", strings.Join(args, " "), err, p.errs)
		}
	case <-time.After(startupTimeout):
		t.Fatalf("outturn %s is not ready after %s\n%s", strings.Join(args, " "), startupTimeout, p.errs)
	}
	return p
}

// kill ends the program as a power cut would.
func (p *program) kill() {
	if p.cmd.ProcessState == nil {
		_ = p.cmd.Process.Kill()
		_ = p.cmd.Wait() // its state says that it was killed
	}
}

// stop ends the program as Ctrl-C does, and expects it to end well.
func (p *program) stop() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		p.t.Fatal(err)
	}
	if err := p.cmd.Wait(); err != nil {
		p.t.Errorf("after SIGTERM: %v\n%s", err, p.errs)
	}
}

// call sends a request with the admin's token and returns status and body.
func (p *program) call(method, path, contentType, body string) (int, []byte) {
	p.t.Helper()
	request, err := http.NewRequestWithContext(p.t.Context(), method, p.Address+path, strings.NewReader(body))
	if err != nil {
		p.t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+p.Token)
	request.Header.Set("Content-Type", contentType)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		p.t.Fatalf("%s %s: %v\n%s", method, path, err, p.errs)
	}
	defer response.Body.Close()
	read, err := io.ReadAll(response.Body)
	if err != nil {
		p.t.Fatal(err)
	}
	return response.StatusCode, read
}

func (p *program) get(path string) []byte {
	p.t.Helper()
	status, body := p.call(http.MethodGet, path, "", "")
	if status != http.StatusOK {
		p.t.Fatalf("GET %s: %d %s", path, status, body)
	}
	return body
}

// outturn runs a command to its end and returns what it printed.
func outturn(t *testing.T, wantCode int, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
	cmd.Env = append(os.Environ(), asProgram+"=1")
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	_ = cmd.Run() // its exit code is compared below
	if code := cmd.ProcessState.ExitCode(); code != wantCode {
		t.Fatalf("outturn %s: exit code %d, want %d\n%s%s", strings.Join(args, " "), code, wantCode, &out, &errs)
	}
	return out.String()
}

// example is the file of the 2023 report's events.
func example(t *testing.T) string {
	t.Helper()
	file, err := filepath.Abs("../../examples/yueyang-2023/events.ndjson")
	if err != nil {
		t.Fatal(err)
	}
	return file
}

// yuan writes an amount in 万元 with at most two decimals as the API does in
// yuan.
func yuan(wan string) string {
	whole, fraction, _ := strings.Cut(wan, ".")
	digits := strings.TrimLeft(whole+(fraction + "0000")[:4], "0")
	if digits == "" {
		digits = "0"
	}
	return fmt.Sprintf("%s.00", digits)
}
