// SPDX-License-Identifier: Apache-2.0

package server_test

import (
	"testing"

	koogatev1 "github.com/koogate/koogate/gen/koogate/v1"
	"github.com/koogate/koogate/koogallery/resultcode"
	"github.com/koogate/koogate/server/fulfil"
	"github.com/koogate/koogate/store"
)

// One task that is refused costs the others of a bulk retry nothing, and the page token leads past it.
func TestABulkRetryGoesOnPastARefusal(t *testing.T) {
	r := start(t, withoutJobs)
	r.admit(t, "CS1")
	r.completes()
	ep, _ := r.Core().Endpoint("worked")
	answered := make(chan error, 1)
	go func() {
		_, err := r.Core().ChangeInstanceCheck(t.Context(), fulfil.CheckChange{Endpoint: ep, InstanceID: "biz-CS1", Target: store.Product{ProductID: "OFFI-2"}})
		answered <- err
	}()
	r.fails(resultcode.ProductInternal) // a check, which nobody may retry
	<-answered
	for _, order := range []string{"CS2", "CS3"} {
		r.admit(t, order)
		r.fails(resultcode.ProductInternal)
	}
	client := koogatev1.NewTaskServiceClient(r.dial(acmeToken))
	page := func(q *koogatev1.BulkRetryTasksRequest) *koogatev1.BulkRetryTasksResponse {
		t.Helper()
		q.Filter, q.Reason = `queue = "crm"`, "the CRM is back"
		a, err := client.BulkRetryTasks(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		return a
	}
	for _, look := range []bool{true, false} {
		first := page(&koogatev1.BulkRetryTasksRequest{PageSize: 2, ValidateOnly: look})
		if len(first.GetResults()) != 2 || first.GetRetriedCount() != 1 || first.GetRefusedCount() != 1 || first.GetNextPageToken() == "" {
			t.Fatalf("first page %v", first)
		}
		check, create := first.GetResults()[0], first.GetResults()[1]
		if check.GetRetried() || check.GetKind() != koogatev1.TaskKind_TASK_KIND_CHECK_CHANGE || check.GetMessage() == "" ||
			check.GetErrorReason() != koogatev1.ErrorReason_ERROR_REASON_STATE_CONFLICT {
			t.Errorf("the check: %v", check)
		}
		if !create.GetRetried() || create.GetOrderId() != "CS2" {
			t.Errorf("the creation: %v", create)
		}
		last := page(&koogatev1.BulkRetryTasksRequest{PageSize: 2, ValidateOnly: look, PageToken: first.GetNextPageToken()})
		if len(last.GetResults()) != 1 || !last.GetResults()[0].GetRetried() || last.GetResults()[0].GetOrderId() != "CS3" || last.GetNextPageToken() != "" {
			t.Errorf("last page %v", last)
		}
	}
	rows := r.auditRows(t)
	for i := range 2 {
		if rows[i].Action != "koogate.v1.TaskService/BulkRetryTasks" || rows[i].Reason != "the CRM is back" {
			t.Errorf("audit row %+v", rows[i])
		}
	}
	if again := page(&koogatev1.BulkRetryTasksRequest{}); again.GetRetriedCount() != 0 || again.GetRefusedCount() != 1 {
		t.Errorf("again: %v", again)
	}
}
