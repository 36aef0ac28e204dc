//go:build unix

package bench

import (
	"syscall"
	"time"
)

// cpu is the processor time that this process has taken so far. Unlike the clock on the wall it does not count what else the machine does.
func cpu() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
