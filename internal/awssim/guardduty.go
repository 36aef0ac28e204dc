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
	Archived []string
}

func registerGuardDuty(r registry) {
	write(r, "GuardDuty", archiveFindings)
	read(r, "GuardDuty", getAdministratorAccount)
	write(r, "SecurityHub", batchUpdateFindings)
}

// archiveFindings takes at most 50 ids of a detector of this account; an id that the detector does not have changes
// nothing. https://docs.aws.amazon.com/guardduty/latest/APIReference/API_ArchiveFindings.html
func archiveFindings(x *request, in *guardduty.ArchiveFindingsInput) (*guardduty.ArchiveFindingsOutput, error) {
	g := &x.st.region(x.Region).GuardDuty
	switch {
	case aws.ToString(in.DetectorId) == "" || *in.DetectorId != g.Detector:
		return nil, badRequest("The request is rejected because the input detectorId is not owned by the current account.")
	case len(in.FindingIds) > 50:
		return nil, badRequest("The request is rejected because the input findingIds has an invalid number of elements.")
	}
	g.Archived = append(g.Archived, in.FindingIds...)
	slices.Sort(g.Archived)
	g.Archived = slices.Compact(g.Archived)
	return &guardduty.ArchiveFindingsOutput{}, nil
}

// getAdministratorAccount: the simulated account is nobody's member.
func getAdministratorAccount(x *request, in *guardduty.GetAdministratorAccountInput) (*guardduty.GetAdministratorAccountOutput, error) {
	if aws.ToString(in.DetectorId) != x.st.region(x.Region).GuardDuty.Detector {
		return nil, badRequest("The request is rejected because the input detectorId is not owned by the current account.")
	}
	return &guardduty.GetAdministratorAccountOutput{Administrator: nil}, nil
}

func badRequest(message string) error {
	return httpError(400, &gdtypes.BadRequestException{Message: &message})
}

// batchUpdateFindings: Security Hub is not enabled in the simulated account.
func batchUpdateFindings(x *request, _ *securityhub.BatchUpdateFindingsInput) (*securityhub.BatchUpdateFindingsOutput, error) {
	return nil, httpError(401, &hubtypes.InvalidAccessException{
		Code: aws.String("InvalidAccessException"), Message: aws.String("Account " + x.st.Account + " is not subscribed to AWS Security Hub"),
	})
}
