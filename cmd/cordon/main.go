// Command cordon contains what Amazon GuardDuty finds.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"cordon/internal/cli"
)

func main() {
	// A reader that went away (head, less) or a terminal that hung up must not stop a containment half way.
	signal.Ignore(syscall.SIGPIPE, syscall.SIGHUP)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := cli.Main(ctx, os.Args[1:], cli.IO{In: os.Stdin, Out: os.Stdout, Err: os.Stderr})
	stop()
	os.Exit(code)
}
