package local

import (
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// loopback is the only address that private services listen on unless told otherwise.
const loopback = "127.0.0.1"

// userName is whom clients log in as, at both services.
const userName = "outturn"

// newPassword returns 128 random bits as 26 letters and digits, safe in a URL.
func newPassword() string { return rand.Text() }

// ErrInUse says that another owner, in this process or in another, has the folder.
var ErrInUse = errors.New("the folder is in use")

// claimFolder makes dir if need be and takes the lock file in it. It returns dir as an absolute path
// and the lock, which lasts until it is closed or the process ends, however it ends. When someone else
// holds it, the error is ErrInUse and names the process.
func claimFolder(dir string) (string, *os.File, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return "", nil, fmt.Errorf("folder %s: %w", dir, err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", nil, fmt.Errorf("make the folder: %w", err)
	}
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return "", nil, fmt.Errorf("open the lock: %w", err)
	}
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		defer lock.Close()
		if !errors.Is(err, syscall.EWOULDBLOCK) {
			return "", nil, fmt.Errorf("lock %s: %w", lock.Name(), err)
		}
		return "", nil, fmt.Errorf("%w: %s belongs to %s: stop that, or choose another folder", ErrInUse, dir, holder(lock))
	}
	// The number is only for the message above: the lock itself is what counts.
	if err := lock.Truncate(0); err == nil {
		_, _ = lock.WriteAt([]byte(strconv.Itoa(os.Getpid())), 0)
	}
	return dir, lock, nil
}

// holder describes the process that wrote its number into the lock file.
func holder(lock *os.File) string {
	written, err := os.ReadFile(lock.Name())
	if pid := strings.TrimSpace(string(written)); err == nil && pid != "" {
		return "process " + pid
	}
	return "another process"
}
