package notify

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	"github.com/aws/aws-sdk-go-v2/service/securityhub"
	"github.com/aws/aws-sdk-go-v2/service/securityhub/types"
)

// References of a notice for which Security Hub had nothing to change.
const (
	RefNoFinding  = "not in Security Hub" // the hub does not know the finding
	RefNoIdentity = "no finding ARN"      // the notice does not say which finding
)

// hubChannel sets a finding's workflow status and note (BatchUpdateFindings) in the finding's Region, from the
// finding's account or its administrator's. Doing so twice is the same as once. A note of somebody else's is replaced.
type hubChannel struct {
	wanted
	client *securityhub.Client
}

func newSecurityHub(d Deps) *hubChannel {
	return &hubChannel{wanted{EventContained, EventPartial, EventReleased}, securityhub.NewFromConfig(d.AWS)}
}

// ID is SecurityHubID.
func (*hubChannel) ID() string { return SecurityHubID }

// Deliver sets NOTIFIED for what was contained, RESOLVED for what was released, SUPPRESSED for a false positive.
func (c *hubChannel) Deliver(ctx context.Context, n Notice, _ bool) (string, error) {
	a, err := arn.Parse(n.FindingARN)
	if err != nil || a.Service != "guardduty" || !regionName.MatchString(a.Region) {
		return RefNoIdentity, nil
	}
	in, ok := hubUpdate(n, a)
	if !ok {
		return "", nil
	}
	out, err := c.client.BatchUpdateFindings(ctx, in, func(o *securityhub.Options) { o.Region = a.Region })
	if err != nil {
		off := "Security Hub is off in " + a.Region + " for this account: turn it on there, or take notify.securityhub out of cordon.yaml"
		return "", awsError("update finding in Security Hub", err, hints{
			"InvalidAccessException": off, "ResourceNotFoundException": off,
			"AccessDeniedException": "allow securityhub:BatchUpdateFindings to Cordon's role",
		}, "InternalException", "InternalServerException", "ResourceConflictException", "ConflictException")
	}
	for _, u := range out.UnprocessedFindings {
		code := aws.ToString(u.ErrorCode)
		unprocessed := fmt.Errorf("update finding in Security Hub: not processed: %s, %s", line(code), quote(aws.ToString(u.ErrorMessage)))
		switch code {
		case "FindingNotFound":
			return RefNoFinding, nil
		case "ConcurrentUpdateError", "InternalFailure":
			return "", &RetryError{Err: unprocessed}
		default:
			return "", unprocessed
		}
	}
	return "", nil
}

// hubUpdate is the change for a notice; ok is false where its event changes nothing.
func hubUpdate(n Notice, finding arn.ARN) (in *securityhub.BatchUpdateFindingsInput, ok bool) {
	in = &securityhub.BatchUpdateFindingsInput{
		FindingIdentifiers: []types.AwsSecurityFindingIdentifier{{
			Id:         aws.String(n.FindingARN),
			ProductArn: aws.String("arn:" + finding.Partition + ":securityhub:" + finding.Region + "::product/aws/guardduty"),
		}},
		Note: &types.NoteUpdate{Text: aws.String(hubNote(n)), UpdatedBy: aws.String("cordon")},
	}
	switch {
	case n.Event == EventContained, n.Event == EventPartial:
		in.Workflow = &types.WorkflowUpdate{Status: types.WorkflowStatusNotified}
	case n.Event == EventReleased && n.FalsePositive:
		in.Workflow = &types.WorkflowUpdate{Status: types.WorkflowStatusSuppressed}
		in.VerificationState = types.VerificationStateFalsePositive
	case n.Event == EventReleased:
		in.Workflow = &types.WorkflowUpdate{Status: types.WorkflowStatusResolved}
	default:
		return nil, false
	}
	return in, true
}

// hubNote is at most 512 characters on one line.
func hubNote(n Notice) string {
	s := verdict(n) + " by Cordon, case " + n.Case
	if t := after(n.ContainedAfter); t != "" {
		s += ", " + t
	}
	if n.Ticket != "" {
		s += ", ticket " + n.Ticket
	}
	s += "."
	for _, l := range lists(n) {
		if l.title == titleOpen || l.title == titleFailed {
			s += " " + l.title + ": "
			for i, item := range l.items {
				if i > 0 {
					s += "; "
				}
				s += item
			}
			s += "."
		}
	}
	if n.Reason != "" {
		s += " Reason: " + defang(n.Reason)
	}
	return fit(line(s), 512)
}
