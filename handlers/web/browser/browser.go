package browser

import (
	"context"
	"log"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// Environment variables that say where things are; each has a default.
const (
	// ChromiumVariable names the program. Default: the first of chromium,
	// chromium-browser and google-chrome on the path.
	ChromiumVariable = "OUTTURN_CHROMIUM"
	// AxeVariable names axe.min.js. Default: .tools/node_modules/axe-core in the
	// repository.
	AxeVariable = "OUTTURN_AXE"
	// ArtifactsVariable names the folder of screenshots. Default: artifacts in
	// the repository.
	ArtifactsVariable = "ARTIFACTS"
)

// install is what a test says when something is missing.
const install = "`make deps-test` installs it"

// startTimeout bounds the start of the browser; a busy machine needs long.
const startTimeout = time.Minute

// Browser is a running Chromium.
type Browser struct {
	ctx       context.Context
	axe       string
	artifacts string
}

// Start runs a Chromium until the test ends.
func Start(t testing.TB) *Browser {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(chromium(t)), chromedp.UserDataDir(t.TempDir()), chromedp.WSURLReadTimeout(startTimeout),
		chromedp.DisableGPU, chromedp.NoFirstRun, chromedp.NoDefaultBrowserCheck,
		chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true),
		chromedp.Flag("font-render-hinting", "none"), chromedp.Flag("hide-scrollbars", true),
	)
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox) // Chromium has no sandbox for root
	}
	allocated, stopAllocator := chromedp.NewExecAllocator(context.Background(), options...)
	ctx, stop := chromedp.NewContext(allocated, chromedp.WithErrorf(quiet), chromedp.WithLogf(quiet))
	t.Cleanup(func() {
		if err := chromedp.Cancel(ctx); err != nil {
			t.Logf("stop chromium: %v", err)
		}
		stop()
		stopAllocator()
	})
	if err := chromedp.Do(ctx); err != nil {
		t.Fatalf("chromium does not start: %v; if libraries are missing, %s", err, install)
	}
	return &Browser{ctx: ctx, axe: axe(t), artifacts: artifacts(t)}
}

// quiet leaves out what newer browsers say that this chromedp does not know.
func quiet(format string, args ...any) {
	if !strings.Contains(format, "could not unmarshal event") {
		log.Printf(format, args...)
	}
}

func chromium(t testing.TB) string {
	t.Helper()
	if path := os.Getenv(ChromiumVariable); path != "" {
		return path
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatalf("no chromium is on the path and %s is not set; %s", ChromiumVariable, install)
	return ""
}

func axe(t testing.TB) string {
	t.Helper()
	path := os.Getenv(AxeVariable)
	if path == "" {
		path = filepath.Join(root(t), ".tools", "node_modules", "axe-core", "axe.min.js")
	}
	source, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("axe-core cannot be read: %v; %s", err, install)
	}
	return string(source)
}

func artifacts(t testing.TB) string {
	t.Helper()
	folder := os.Getenv(ArtifactsVariable)
	if folder == "" {
		folder = filepath.Join(root(t), "artifacts")
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	return folder
}

// root is the repository that the test runs in: the folder of go.mod.
func root(t testing.TB) string {
	t.Helper()
	folder, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(folder, "go.mod")); err == nil {
			return folder
		}
		parent := filepath.Dir(folder)
		if parent == folder {
			t.Fatal("no go.mod above the test's folder")
		}
		folder = parent
	}
}
