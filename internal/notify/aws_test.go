package notify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/service/guardduty"
	gdtypes "github.com/aws/aws-sdk-go-v2/service/guardduty/types"
	"github.com/aws/aws-sdk-go-v2/service/securityhub"
	hubtypes "github.com/aws/aws-sdk-go-v2/service/securityhub/types"
	"github.com/aws/aws-sdk-go-v2/service/sns"
	"github.com/aws/smithy-go"
)

const topicARN = "arn:aws:sns:eu-west-1:111122223333:alarm"

func refusing(code string) func(context.Context, any) (any, error) {
	return func(context.Context, any) (any, error) {
		return nil, &smithy.GenericAPIError{Code: code, Message: "no"}
	}
}

func TestSNSPublishes(t *testing.T) {
	for _, topic := range []string{topicARN, topicARN + ".fifo"} {
		fifo := strings.HasSuffix(topic, ".fifo")
		for name, n := range map[string]Notice{"calm": calm(), "nasty": nasty(), "empty": {}} {
			c := one(t, Config{SNS: &SNSConfig{Topic: topic}}, Deps{AWS: fakeAWS(func(ctx context.Context, input any) (any, error) {
				in := input.(*sns.PublishInput)
				if *in.TopicArn != topic || awsmiddleware.GetRegion(ctx) != "eu-west-1" {
					t.Errorf("%s: published to %s in %s", name, *in.TopicArn, awsmiddleware.GetRegion(ctx))
				}
				if (in.MessageGroupId != nil) != fifo || (in.MessageDeduplicationId != nil) != fifo {
					t.Errorf("%s: group %v, deduplication %v", name, in.MessageGroupId, in.MessageDeduplicationId)
				}
				return &sns.PublishOutput{MessageId: aws.String("m-1")}, nil
			})})
			if ref, err := c.Deliver(t.Context(), n, false); err != nil || ref != "m-1" {
				t.Errorf("%s: %q, %v", name, ref, err)
			}
			checkSNS(t, n)
		}
	}
}

// Only a FIFO topic drops the second of two, and only for five minutes.
func TestSNSAgain(t *testing.T) {
	for _, test := range []struct {
		topic string
		later time.Duration
		sent  bool
	}{{topicARN, 0, false}, {topicARN + ".fifo", 4 * time.Minute, true}, {topicARN + ".fifo", 5 * time.Minute, false}} {
		sent := false
		c := one(t, Config{SNS: &SNSConfig{Topic: test.topic}}, Deps{
			Now: func() time.Time { return at.Add(test.later) },
			AWS: fakeAWS(func(context.Context, any) (any, error) {
				sent = true
				return &sns.PublishOutput{MessageId: aws.String("m-1")}, nil
			}),
		})
		_, err := c.Deliver(t.Context(), calm(), true)
		if sent != test.sent || errors.Is(err, ErrUnknown) == test.sent {
			t.Errorf("%s after %v: sent %v, %v", test.topic, test.later, sent, err)
		}
	}
}

func TestSNSErrors(t *testing.T) {
	for code, word := range map[string]string{
		"NotFound": "no such topic", "NotFoundException": "no such topic", "AuthorizationError": "sns:Publish",
		"KMSAccessDenied": "kms:GenerateDataKey", "KMSDisabled": "KMS key", "InvalidParameter": "InvalidParameter",
		"InvalidClientTokenId": "credentials", "EndpointDisabled": "EndpointDisabled",
		"Throttled": "", "ThrottlingException": "", "InternalError": "", "KMSThrottling": "",
	} {
		c := one(t, Config{SNS: &SNSConfig{Topic: topicARN}}, Deps{AWS: fakeAWS(refusing(code))})
		_, err := c.Deliver(t.Context(), calm(), false)
		if word == "" {
			wantRetry(t, err)
			continue
		}
		wantFinal(t, err, code, word)
	}
}

func TestSecurityHub(t *testing.T) {
	for name, test := range map[string]struct {
		change   func(*Notice)
		ref      string
		workflow hubtypes.WorkflowStatus // "": no call
		product  string
		region   string
	}{
		"contained": {func(*Notice) {}, "", "NOTIFIED", "arn:aws:securityhub:eu-west-1::product/aws/guardduty", "eu-west-1"},
		"partial":   {func(n *Notice) { n.Event = EventPartial }, "", "NOTIFIED", "arn:aws:securityhub:eu-west-1::product/aws/guardduty", "eu-west-1"},
		"released":  {func(n *Notice) { n.Event = EventReleased }, "", "RESOLVED", "arn:aws:securityhub:eu-west-1::product/aws/guardduty", "eu-west-1"},
		"false alarm": {
			func(n *Notice) { n.Event, n.FalsePositive = EventReleased, true }, "", "SUPPRESSED",
			"arn:aws:securityhub:eu-west-1::product/aws/guardduty", "eu-west-1",
		},
		"China": {
			func(n *Notice) { n.FindingARN = "arn:aws-cn:guardduty:cn-north-1:111122223333:detector/d/finding/f" }, "", "NOTIFIED",
			"arn:aws-cn:securityhub:cn-north-1::product/aws/guardduty", "cn-north-1",
		},
		"no ARN":        {func(n *Notice) { n.FindingARN = "" }, RefNoIdentity, "", "", ""},
		"another's ARN": {func(n *Notice) { n.FindingARN = "arn:aws:inspector2:eu-west-1:111122223333:finding/f" }, RefNoIdentity, "", "", ""},
		"elsewhere":     {func(n *Notice) { n.FindingARN = "arn:aws:guardduty:evil.example/:111122223333:detector/d/finding/f" }, RefNoIdentity, "", "", ""},
		"failed":        {func(n *Notice) { n.Event = EventFailed }, "", "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			n := nasty()
			n.Event = EventContained
			test.change(&n)
			calls := 0
			c := one(t, Config{SecurityHub: true}, Deps{AWS: fakeAWS(func(ctx context.Context, input any) (any, error) {
				calls++
				in := input.(*securityhub.BatchUpdateFindingsInput)
				id := in.FindingIdentifiers[0]
				if len(in.FindingIdentifiers) != 1 || *id.Id != n.FindingARN || *id.ProductArn != test.product || awsmiddleware.GetRegion(ctx) != test.region {
					t.Errorf("%s of %s in %s", *id.Id, *id.ProductArn, awsmiddleware.GetRegion(ctx))
				}
				if in.Workflow.Status != test.workflow || *in.Note.UpdatedBy != "cordon" || utf16Len(*in.Note.Text) > 512 {
					t.Errorf("%s, note %q", in.Workflow.Status, *in.Note.Text)
				}
				if (in.VerificationState == hubtypes.VerificationStateFalsePositive) != n.FalsePositive {
					t.Errorf("verification %q", in.VerificationState)
				}
				return &securityhub.BatchUpdateFindingsOutput{ProcessedFindings: in.FindingIdentifiers}, nil
			})})
			for _, again := range []bool{false, true} {
				if ref, err := c.Deliver(t.Context(), n, again); err != nil || ref != test.ref {
					t.Errorf("%q, %v", ref, err)
				}
			}
			if want := map[bool]int{true: 0, false: 2}[test.workflow == ""]; calls != want {
				t.Errorf("%d calls, want %d", calls, want)
			}
		})
	}
}

func TestSecurityHubErrors(t *testing.T) {
	for code, word := range map[string]string{
		"InvalidAccessException": "Security Hub is off in eu-west-1", "ResourceNotFoundException": "Security Hub is off",
		"AccessDeniedException": "securityhub:BatchUpdateFindings", "InvalidInputException": "InvalidInputException",
		"LimitExceededException": "", "InternalException": "", "ThrottlingException": "",
	} {
		c := one(t, Config{SecurityHub: true}, Deps{AWS: fakeAWS(refusing(code))})
		_, err := c.Deliver(t.Context(), calm(), false)
		if word == "" {
			wantRetry(t, err)
			continue
		}
		wantFinal(t, err, code, word)
	}
	for code, word := range map[string]string{
		"FindingNotFound": "-", "ConcurrentUpdateError": "", "InternalFailure": "", "InvalidInput": "InvalidInput", "FindingSizeExceeded": "not processed",
	} {
		c := one(t, Config{SecurityHub: true}, Deps{AWS: fakeAWS(func(_ context.Context, input any) (any, error) {
			return &securityhub.BatchUpdateFindingsOutput{UnprocessedFindings: []hubtypes.BatchUpdateFindingsUnprocessedFinding{{
				ErrorCode: &code, ErrorMessage: aws.String("no"), FindingIdentifier: &input.(*securityhub.BatchUpdateFindingsInput).FindingIdentifiers[0],
			}}}, nil
		})})
		ref, err := c.Deliver(t.Context(), calm(), false)
		switch word {
		case "-":
			if err != nil || ref != RefNoFinding {
				t.Errorf("%s: %q, %v", code, ref, err)
			}
		case "":
			wantRetry(t, err)
		default:
			wantFinal(t, err, word)
		}
	}
}

func TestArchive(t *testing.T) {
	var sizes []int
	client := guardduty.NewFromConfig(fakeAWS(func(_ context.Context, input any) (any, error) {
		in := input.(*guardduty.ArchiveFindingsInput)
		if *in.DetectorId != "d" || slices.Contains(in.FindingIds, "") {
			t.Errorf("%s %q", *in.DetectorId, in.FindingIds)
		}
		sizes = append(sizes, len(in.FindingIds))
		return &guardduty.ArchiveFindingsOutput{}, nil
	}))
	must(t, Archive(t.Context(), client, "d"))
	var ids []string
	for i := range 101 {
		ids = append(ids, fmt.Sprint("f", i))
	}
	must(t, Archive(t.Context(), client, "d", ids...))
	if fmt.Sprint(sizes) != "[50 50 1]" {
		t.Errorf("batches of %v", sizes)
	}
}

func TestArchiveRefused(t *testing.T) {
	for name, test := range map[string]struct{ code, administrator, word string }{
		"member, bad request": {"BadRequestException", "999988887777", "999988887777"},
		"member, denied":      {"AccessDeniedException", "999988887777", "999988887777"},
		"no member":           {"BadRequestException", "", "does the detector"},
		"denied":              {"AccessDeniedException", "", "guardduty:ArchiveFindings"},
		"temporary":           {"InternalServerErrorException", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			client := guardduty.NewFromConfig(fakeAWS(func(ctx context.Context, input any) (any, error) {
				if _, ok := input.(*guardduty.GetAdministratorAccountInput); !ok {
					return refusing(test.code)(ctx, input)
				}
				out := &guardduty.GetAdministratorAccountOutput{}
				if test.administrator != "" {
					out.Administrator = &gdtypes.Administrator{AccountId: &test.administrator}
				}
				return out, nil
			}))
			err := Archive(t.Context(), client, "d", "f")
			if test.word == "" {
				wantRetry(t, err)
				return
			}
			wantFinal(t, err, test.word)
			var member *MemberError
			if errors.As(err, &member) != (test.administrator != "") {
				t.Errorf("%v", err)
			}
		})
	}
}
