package cli

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sfn"
	"github.com/aws/aws-sdk-go-v2/service/sts"
	"github.com/spf13/cobra"

	"cordon/internal/casefile"
	"cordon/internal/cloud"
	"cordon/internal/engine"
)

func (a *app) approve() *cobra.Command {
	return a.answer(true, "approve CASE", "Say yes to what a case waits for", `Says yes, in the name of whoever AWS says you are, to the plan that cordon show CASE shows. With the last yes that is wanted
the target is contained: by the execution that waits for it on AWS, else by this command. Where the account has changed since, so
that the plan would be another one, the yes does not count, and people are asked about the new plan.`)
}

func (a *app) deny() *cobra.Command {
	return a.answer(false, "deny CASE", "Say no to what a case waits for", `Says no, in the name of whoever AWS says you are: the target is not touched, and the case is only observed. One no is enough.`)
}

func (a *app) answer(yes bool, use, short, long string) *cobra.Command {
	var reason string
	var wait time.Duration
	cmd := &cobra.Command{
		Use: use, Short: short, Long: long + "\n" + exitCodes, Args: exactly("CASE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if wait < 0 {
				return usage("--wait %s is negative", wait)
			}
			return a.withEngineOf(cmd, engine.Options{Wait: wait}, func(ctx context.Context, e *engine.Engine, store casefile.Store) error {
				if err := readableCase(ctx, store, args[0]); err != nil {
					return err
				}
				c, err := e.Approve(ctx, args[0], yes, reason)
				if err != nil {
					return notAsked(args[0], midway(err))
				}
				return a.answered(ctx, store, c)
			})
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why, for the case's journal")
	if yes {
		cmd.Flags().DurationVar(&wait, "wait", 30*time.Minute, "how long to wait for slow evidence (snapshots)")
	}
	return cmd
}

// answered prints a case after an answer. One that others have to say yes to as well waits on.
func (a *app) answered(ctx context.Context, store casefile.Store, c casefile.Case) error {
	cj, err := current(context.WithoutCancel(ctx), store, c.ID)
	if err != nil {
		return err
	}
	a.sayUnsent(cj)
	goesOn := c.Status == casefile.AwaitingApproval && c.Approval.Outcome != ""
	if a.json() {
		err = a.printJSON(struct {
			Cases []caseJSON `json:"cases"`
		}{[]caseJSON{cj}})
	} else {
		a.printCase(cj)
		if goesOn {
			a.wrapped("\n  ", "The execution that waited on AWS has the answer, and goes on.")
		}
	}
	if code := statusCode(c.Status); err == nil && code != exitDone && !goesOn {
		return &exitError{code: code}
	}
	return err
}

// notAsked turns an answer to what nobody asked into a usage error.
func notAsked(id string, err error) error {
	var none *engine.NotAskedError
	if errors.As(err, &none) {
		return usage("%v (cordon show %s)", none, none.Case)
	}
	return noCase(id, err)
}

// refused says whether an error is that something was refused by a rule, and not that it did not work.
func refused(err error) bool {
	var (
		changed  *engine.PlanChangedError
		paused   *engine.PausedError
		answered *casefile.AnsweredError
		expired  *casefile.ExpiredError
		no       *casefile.NotApproverError
		self     *casefile.SelfApprovalError
		said     *casefile.SaidError
	)
	return errors.As(err, &changed) || errors.As(err, &paused) || errors.As(err, &answered) || errors.As(err, &expired) ||
		errors.As(err, &no) || errors.As(err, &self) || errors.As(err, &said)
}

// caller is who runs this command, as AWS says.
func (w *world) caller(ctx context.Context) (string, error) {
	c := w.aws.Copy()
	if c.Region == "" {
		c.Region = "us-east-1"
	}
	out, err := sts.NewFromConfig(c).GetCallerIdentity(ctx, &sts.GetCallerIdentityInput{})
	if err != nil {
		return "", &engine.SetupError{What: "AWS credentials", Hint: "nothing was changed; log in, or set AWS_PROFILE: AWS has to say who answers", Err: err}
	}
	return aws.ToString(out.Arn), nil
}

// answer gives a task token back to the execution that waits with it. A no is an answer too, and no failure of the task.
func (w *world) answer(ctx context.Context, token string, yes bool) error {
	_, err := sfn.NewFromConfig(w.aws).SendTaskSuccess(ctx, &sfn.SendTaskSuccessInput{
		TaskToken: &token, Output: aws.String(fmt.Sprintf(`{"approved":%t}`, yes)),
	})
	if cloud.NobodyWaits(err) {
		return engine.ErrNobodyWaits
	}
	return err
}

// approvalLines tell people what is asked about a case and what was answered.
func approvalLines(c caseJSON) []string {
	p := c.Approval
	if p == nil {
		return nil
	}
	at := func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }
	var out []string
	switch {
	case p.Outcome != "":
		out = append(out, string(p.Outcome)+"; it was asked on "+at(p.Asked)+" because: "+strings.Join(p.Why, "; "))
	case c.Status != casefile.AwaitingApproval:
		return nil // overtaken
	default:
		wanted := "one yes is wanted"
		if n := p.Missing(); n > 1 || len(p.Answers) > 0 {
			wanted = fmt.Sprintf("%d more yes wanted", n)
		}
		out = append(out, wanted+" until "+at(p.Expires)+", to plan "+cut(p.Plan, 13))
		if p.Requester != "" {
			out = append(out, "brought about by "+p.Requester)
		}
	}
	for _, said := range p.Answers {
		text := "no by "
		if said.Yes {
			text = "yes by "
		}
		text += said.By + " on " + at(said.At)
		if said.Text != "" {
			text += ": " + said.Text
		}
		out = append(out, text)
	}
	return out
}

// asOf is an approval as it counts at a time: one whose time is over has expired, also where nobody has looked since.
func asOf(p *casefile.Approval, now time.Time) *casefile.Approval {
	if p == nil {
		return nil
	}
	after, _ := p.Expire(now)
	return &after
}
