package cli

import (
	"context"
	"fmt"
	"os"
	"os/user"
	"time"

	"github.com/spf13/cobra"

	"cordon/internal/casefile"
)

// pausedJSON is the kill switch as the command line prints it.
type pausedJSON struct {
	Paused bool       `json:"paused"`
	By     string     `json:"by,omitempty"`
	At     *time.Time `json:"at,omitempty"`
	Reason string     `json:"reason,omitempty"`
}

func (a *app) pause() *cobra.Command {
	var reason string
	cmd := &cobra.Command{
		Use:   "pause",
		Short: "Contain nothing any more, anywhere, until cordon resume",
		Long: `Stops containment in every process that uses the same case store, the Lambda function too, from its next finding on. What would
have been contained waits for a person's yes, which counts once containment is resumed. What was begun goes to its end.
` + exitCodes,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withStore(cmd, func(store casefile.Store) error {
				p := casefile.Pause{By: a.whoever(cmd.Context()), At: time.Now().UTC(), Reason: reason}
				if err := store.Pause(cmd.Context(), p); err != nil {
					return err
				}
				return a.printPaused(cmd.Context(), store, "")
			})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why, for everyone who has to wait")
	return cmd
}

func (a *app) resume() *cobra.Command {
	return &cobra.Command{
		Use:   "resume",
		Short: "End a pause",
		Long: `Ends what cordon pause began. Cases that have been waiting since are not contained by themselves: approve them, or answer their
findings again.
` + exitCodes,
		Args: exactly(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.withStore(cmd, func(store casefile.Store) error {
				_, was, err := store.Paused(cmd.Context())
				if err != nil {
					return err
				}
				w, err := a.world(cmd.Context())
				if err != nil {
					return err
				}
				defer w.close()
				by, err := w.caller(cmd.Context())
				if err != nil {
					return err
				}
				if err := store.Resume(cmd.Context(), by, time.Now().UTC()); err != nil {
					return err
				}
				said := "Containment was not paused."
				if was {
					said = "Containment is resumed. Cases that wait: cordon cases"
				}
				return a.printPaused(cmd.Context(), store, said)
			})
		},
	}
}

// whoever is who runs this command: as AWS says or, so that a pause never waits for that, as this machine says.
func (a *app) whoever(ctx context.Context) string {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if w, err := a.world(ctx); err == nil {
		defer w.close()
		if arn, err := w.caller(ctx); err == nil {
			return arn
		}
	}
	name := "somebody"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	host, _ := os.Hostname()
	return name + " on " + host
}

func paused(ctx context.Context, store casefile.Store) (pausedJSON, error) {
	p, ok, err := store.Paused(ctx)
	if err != nil || !ok {
		return pausedJSON{}, err
	}
	return pausedJSON{Paused: true, By: p.By, At: &p.At, Reason: p.Reason}, nil
}

// printPaused prints the kill switch; otherwise is the text where containment is not paused, "" for none.
func (a *app) printPaused(ctx context.Context, store casefile.Store, otherwise string) error {
	p, err := paused(ctx, store)
	switch {
	case err != nil:
		return err
	case a.json():
		return a.printJSON(p)
	case p.Paused:
		a.sayPaused(p)
	case otherwise != "":
		fmt.Fprintln(a.Out, otherwise)
	}
	return nil
}

func (a *app) sayPaused(p pausedJSON) {
	if !p.Paused {
		return
	}
	text := "Containment is PAUSED by " + p.By + " since " + p.At.UTC().Format("2006-01-02 15:04 UTC")
	if p.Reason != "" {
		text += ": " + p.Reason
	}
	a.wrapped("", text+". End it with: cordon resume")
}
