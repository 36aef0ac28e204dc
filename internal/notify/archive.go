package notify

import (
	"context"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/guardduty"

	"cordon/internal/cloud"
)

// archiveBatch is the most ids that ArchiveFindings takes.
const archiveBatch = 50

// MemberError says that findings were not archived because only the administrator account may do so.
type MemberError struct {
	Administrator string // account id
	Err           error
}

func (e *MemberError) Error() string {
	return fmt.Sprintf("archive findings: this account is a member; only its GuardDuty administrator, account %s, may archive: %v", e.Administrator, e.Err)
}
func (e *MemberError) Unwrap() error { return e.Err }

// ArchivePermissions lists the IAM actions that Archive calls, sorted.
func ArchivePermissions() []string {
	return []string{"guardduty:ArchiveFindings", "guardduty:GetAdministratorAccount"}
}

// Archive archives findings in GuardDuty (ArchiveFindings); archiving twice is the same as once. The client's Region
// and account are the detector's. *MemberError: the account is a member, and its administrator has to. *RetryError:
// temporary. Of more than 50 findings an error leaves some archived.
func Archive(ctx context.Context, client *guardduty.Client, detectorID string, findingIDs ...string) error {
	for batch := range slices.Chunk(findingIDs, archiveBatch) {
		_, err := client.ArchiveFindings(ctx, &guardduty.ArchiveFindingsInput{DetectorId: &detectorID, FindingIds: batch})
		if err != nil {
			return refusedArchive(ctx, client, detectorID, err)
		}
	}
	return nil
}

// refusedArchive asks GuardDuty whether the account is a member: the code of the refusal alone does not tell.
func refusedArchive(ctx context.Context, client *guardduty.Client, detectorID string, err error) error {
	if cloud.Is(err, "BadRequestException") || cloud.Denied(err) {
		out, askErr := client.GetAdministratorAccount(ctx, &guardduty.GetAdministratorAccountInput{DetectorId: &detectorID})
		if askErr == nil && out.Administrator != nil && aws.ToString(out.Administrator.AccountId) != "" {
			return &MemberError{Administrator: *out.Administrator.AccountId, Err: err}
		}
	}
	return awsError("archive findings", err, hints{
		"BadRequestException":       "does the detector " + detectorID + " belong to this account and Region, and does the finding still exist? GuardDuty keeps findings for 90 days",
		"AccessDeniedException":     "allow guardduty:ArchiveFindings to Cordon's role",
		"ResourceNotFoundException": "the detector is in another account or Region",
	}, "InternalServerErrorException")
}
