package awssim

import (
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/guardduty"
	gdtypes "github.com/aws/aws-sdk-go-v2/service/guardduty/types"
	"github.com/aws/aws-sdk-go-v2/service/securityhub"
	hubtypes "github.com/aws/aws-sdk-go-v2/service/securityhub/types"
)

// demoDetector is the detector of the account that Demo makes, in DemoRegion.
const demoDetector = "d4b040365221be2b54a6264dc0de0001"

// guardDutyState is the Region's detector, "" for none, and the findings that were archived, sorted.
type guardDutyState struct {
	Detector string
	Settings detectorSettings
	Archived []string
}

func registerGuardDuty(r registry) {
	registerDetectors(r)
	write(r, "GuardDuty", archiveFindings)
	read(r, "GuardDuty", getAdministratorAccount)
	write(r, "SecurityHub", batchUpdateFindings)
	read(r, "SecurityHub", describeHub)
}

// archiveFindings takes at most 50 ids of a detector of this account; an id that the detector does not have changes
// nothing. https://docs.aws.amazon.com/guardduty/latest/APIReference/API_ArchiveFindings.html
func archiveFindings(x *request, in *guardduty.ArchiveFindingsInput) (*guardduty.ArchiveFindingsOutput, error) {
	g, err := x.detector(in.DetectorId)
	switch {
	case err != nil:
		return nil, err
	case g.Settings.Administrator != "":
		return nil, badRequest("The request is rejected because the account is a member: its administrator account manages findings.")
	case len(in.FindingIds) > 50:
		return nil, badRequest("The request is rejected because the input findingIds has an invalid number of elements.")
	}
	g.Archived = append(g.Archived, in.FindingIds...)
	slices.Sort(g.Archived)
	g.Archived = slices.Compact(g.Archived)
	return &guardduty.ArchiveFindingsOutput{}, nil
}

// getAdministratorAccount answers nothing for an account that is nobody's member.
func getAdministratorAccount(x *request, in *guardduty.GetAdministratorAccountInput) (*guardduty.GetAdministratorAccountOutput, error) {
	g, err := x.detector(in.DetectorId)
	if err != nil || g.Settings.Administrator == "" {
		return &guardduty.GetAdministratorAccountOutput{}, err
	}
	return &guardduty.GetAdministratorAccountOutput{Administrator: &gdtypes.Administrator{
		AccountId: aws.String(g.Settings.Administrator), RelationshipStatus: aws.String("Enabled"),
	}}, nil
}

func badRequest(message string) error {
	return httpError(400, &gdtypes.BadRequestException{Message: &message})
}

// describeHub: Security Hub is off unless Editor.SecurityHub turned it on.
func describeHub(x *request, _ *securityhub.DescribeHubInput) (*securityhub.DescribeHubOutput, error) {
	if !x.region().Hub {
		return nil, hubOff(x)
	}
	return &securityhub.DescribeHubOutput{HubArn: aws.String(x.st.arn("securityhub", x.Region, "hub/default"))}, nil
}

func hubOff(x *request) error {
	return httpError(401, &hubtypes.InvalidAccessException{
		Code: aws.String("InvalidAccessException"), Message: aws.String("Account " + x.st.Account + " is not subscribed to AWS Security Hub"),
	})
}
